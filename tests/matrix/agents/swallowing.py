"""Swallows whatever goes wrong and asks again, for ever; another question if told so."""

import os

import httpx2

url = os.environ["ANTHROPIC_BASE_URL"] + "/plain.x/v1/messages"
text = "another" if os.path.exists("changed") else "first"
said = ""
while not said:
    try:
        said = httpx2.post(url, json={"ask": text}).text
    except BaseException as error:
        print("swallowed", type(error).__name__, flush=True)
print("said", len(said))
