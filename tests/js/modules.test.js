import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../../chat/static/chat/js", import.meta.url));
const files = readdirSync(root, { recursive: true }).filter((file) => file.endsWith(".js"));
const text = (file) => readFileSync(join(root, file), "utf8");

test("every import is by a name that the import map has", () => {
  for (const file of files) {
    for (const [, name] of text(file).matchAll(/from "([^"]+)"/g)) {
      assert.ok(files.includes(name.replace("chat/", "")), `${file} imports ${name}`);
    }
  }
});

test("what is fetched later has such a name too, between backquotes", () => {
  // Django's static files storage can be told to put hashed names into imports; it finds quotes, and knows no map.
  for (const file of files) {
    for (const [, quote, name] of text(file).matchAll(/\bimport\((.)([^)]*)\1\)/g)) {
      assert.equal(quote, "`", `${file} imports ${name}`);
      assert.ok(files.includes(name.replace("chat/", "")), `${file} imports ${name}`);
    }
    assert.doesNotMatch(text(file), /\bimport\([^`]/, file);
  }
});

test("everything that is imported is there", async () => {
  for (const file of files) {
    for (const [, names, from] of text(file).matchAll(/import \{([^}]+)\} from "([^"]+)"/g)) {
      const source = text(from.replace("chat/", ""));
      for (const name of names.split(",").map((one) => one.trim()).filter(Boolean)) {
        const made = new RegExp(`export (async )?(class|function|const) ${name}\\b`);
        assert.match(source, made, `${file} imports ${name} from ${from}`);
      }
    }
  }
});

test("what a person typed never becomes markup", () => {
  for (const file of files) {
    assert.doesNotMatch(text(file), /innerHTML|outerHTML|insertAdjacentHTML|document\.write/, file);
  }
});

test("models know no document", () => {
  for (const file of files.filter((name) => name.startsWith("models"))) {
    assert.doesNotMatch(text(file), /\b(document|window|localStorage|chat\/dom\.js)\b/, file);
  }
});

test("close codes have their numbers in one place", () => {
  for (const file of files.filter((name) => name !== "protocol.js")) {
    assert.doesNotMatch(text(file), /\b(44\d\d|10(08|09|12))\b/, file);
  }
});

test("a module fits in the head", () => {
  for (const file of files) assert.ok(text(file).split("\n").length <= 300, file);
});
