import { belongsTo } from "chat/storage.js";

/** Emoji to choose from, each with its name and further words to find it by. All are RGI, fully qualified. */
const SET = `
👍 thumbs up, yes like agree good
👎 thumbs down, no dislike bad
❤️ red heart, love
😄 grinning, happy smile joy
😂 tears of joy, laugh funny lol
🎉 party popper, celebrate hooray congratulations
👀 eyes, look watching seen
🙏 folded hands, thanks please
👏 clapping, applause bravo well done
🔥 fire, hot lit
✅ check mark, done yes ok
💯 hundred points, perfect full
🙂 slight smile, fine
😊 smiling, blush happy
😉 wink, joke
😍 heart eyes, love adore
🥰 smiling with hearts, love
😎 sunglasses, cool
🤩 star-struck, wow amazing
🤗 hug, warm
🤔 thinking, hmm wonder
🤨 raised eyebrow, doubt sceptical
😮 open mouth, surprise wow oh
😅 sweat, relief phew
😬 grimace, awkward oops
🙄 rolling eyes, whatever
😴 sleeping, tired night
😢 crying, sad tear
😭 loud crying, sob sad
😡 angry, mad
😱 scream, fear shock
🤯 exploding head, mind blown
🥳 party face, birthday celebrate
🤝 handshake, deal agree
👋 waving hand, hello bye hi
✌️ victory hand, peace
🤞 crossed fingers, luck hope
👌 OK hand, fine perfect
💪 strong arm, muscle strength
🙌 raised hands, hooray praise
🤷 shrug, unknown whatever
🤦 facepalm, oh no
🫡 salute, yes sir will do
🧡 orange heart, love
💛 yellow heart, love
💚 green heart, love
💙 blue heart, love
💜 purple heart, love
🖤 black heart, love
💔 broken heart, sad
✨ sparkles, shiny new
⭐ star, favourite
🚀 rocket, launch ship fast
🏆 trophy, win prize
🥇 first place medal, gold win
🎯 bullseye, target exactly
💡 light bulb, idea
📌 pushpin, pin important
📎 paperclip, attach file
📷 camera, photo picture
📅 calendar, date day
⏰ alarm clock, time late
⏳ hourglass, wait soon
❓ question mark, ask why
❗ exclamation mark, important
⚠️ warning, careful danger
❌ cross mark, no wrong
➕ plus, add more
🔧 wrench, fix tool repair
🔨 hammer, build tool
🛠️ hammer and wrench, tools work
⚙️ gear, machine settings
🔩 nut and bolt, screw hardware
🤖 robot, machine bot
🐛 bug, error insect
🔋 battery, power
💻 laptop, computer code
📈 rising chart, growth up
🧪 test tube, experiment
☕ coffee, tea break
🍕 pizza, food lunch
🍰 cake, birthday sweet
🍪 cookie, biscuit sweet
🍎 apple, fruit
🍻 beer mugs, cheers drink
🌈 rainbow, colours
☀️ sun, weather warm
🌧️ rain, weather cloud
❄️ snowflake, cold winter
🌱 seedling, plant grow
🌍 globe, earth world
🐱 cat, pet
🐶 dog, pet
🦆 duck, rubber debug
🐌 snail, slow
🚗 car, drive
🚌 bus, ride
🏠 house, home
🎁 gift, present birthday
🎵 music, note song
⚽ football, soccer ball
🎮 game, controller play
`;

/** `{symbol, name, words}`: `words` is what a search looks at. */
export const EMOJI = Object.freeze(SET.trim().split("\n").map(read));

function read(line) {
  const [, symbol, name, more] = /^(\S+) ([^,]+), (.*)$/.exec(line);
  return Object.freeze({ symbol, name, words: `${name} ${more}`.toLowerCase().split(/[ -]/) });
}

const names = new Map(EMOJI.map(({ symbol, name }) => [symbol, name]));

/** How an emoji is called; one that is not in the set is its own name. */
export const emojiName = (symbol) => names.get(symbol) ?? symbol;

/** Those of whose words one begins with each word of the query. */
export function findEmoji(query) {
  const wanted = query.toLowerCase().split(/\s+/).filter(Boolean);
  const fits = ({ words }) => wanted.every((piece) => words.some((word) => word.startsWith(piece)));
  return EMOJI.filter(fits);
}

const MOST_RECENT = 8;

/** Those that a person used last in this browser, newest first. */
export class RecentEmoji {
  #storage;
  #personId;

  /** `personId()` is whose they are, which can change. */
  constructor({ storage, personId }) {
    this.#storage = storage;
    this.#personId = personId;
  }

  get #key() {
    return `${belongsTo(this.#personId())}emoji`;
  }

  get all() {
    const kept = this.#storage.get(this.#key);
    return Array.isArray(kept) ? kept.filter((one) => names.has(one)).slice(0, MOST_RECENT) : [];
  }

  used(symbol) {
    const others = this.all.filter((one) => one !== symbol);
    if (names.has(symbol)) this.#storage.set(this.#key, [symbol, ...others].slice(0, MOST_RECENT));
  }

  /** So many for one tap: those used last, filled up with what everybody uses. */
  quick(most) {
    const usual = EMOJI.map(({ symbol }) => symbol);
    return [...new Set([...this.all, ...usual])].slice(0, most);
  }
}
