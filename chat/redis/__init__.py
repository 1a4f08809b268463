"""What store, presence and limits have in common on Redis: one client a process, and scripts.

Needs the package ``redis`` (the extra ``redis``). Nothing here is imported where Redis is not used.
"""

from chat.redis.client import Argument, Client, Script, script

__all__ = ["Argument", "Client", "Script", "script"]
