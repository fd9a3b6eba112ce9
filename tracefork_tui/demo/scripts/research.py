"""The minds behind the research demo: a lead that delegates, readers that look at one source."""

from __future__ import annotations

import re

from tracefork_tui.demo.messages import Reply, Request, reply, text, tool

NEAR = 15
NOTHING = "Nothing unusual"


def minutes(clock: str) -> int:
    hours, rest = clock.split(":")
    return int(hours) * 60 + int(rest)


def lead(request: Request) -> Reply:
    """Delegates every source that has no finding yet, then answers from the findings."""
    question = request.first_text.split("\n", 1)[-1]
    described = " ".join(str(t.get("description")) for t in request.tools)
    listed = re.search(r"Sources: ([\w, -]+)", described)
    sources = listed[1].split(", ") if listed else []
    findings = {
        str(call.input.get("source")): call.result or ""
        for call in request.calls
        if call.name == "delegate" and call.ok
    }
    missing = [source for source in sources if source not in findings]
    tried = [str(call.input.get("source")) for call in request.calls if call.failed]
    missing = [source for source in missing if tried.count(source) < 2]
    if missing:
        plan = text(f"I'll have {len(missing)} sources read side by side.")
        if findings:
            plan = text(f"I still need {', '.join(missing)}.")
        return reply(plan, *(tool("delegate", source=s, question=question) for s in missing))
    return reply(text(conclusion(findings)))


def conclusion(findings: dict[str, str]) -> str:
    telling = {s: f for s, f in findings.items() if f and not f.startswith(NOTHING)}
    quiet = [source for source in findings if source not in telling]
    if not telling:
        return "No source shows anything at that time. Ask for other sources, or for another time."
    cause = "deploys" if "deploys" in telling else next(iter(telling))
    lines = [f"Likely cause, from {cause}: {telling.pop(cause)}"]
    lines += [f"In line with it, from {source}: {finding}" for source, finding in telling.items()]
    if quiet:
        lines.append(f"Ruled out: {', '.join(quiet)}.")
    lines.append(
        "Next: undo that deploy, then compare the figures."
        if cause == "deploys"
        else "Next: find out what changed just before; the deploys would tell."
    )
    return "\n".join(lines)


def reader(request: Request) -> Reply:
    """Fetches the source, then reports the lines near the time that the question names."""
    source = re.search(r"Source: (\S+)", request.first_text)
    fetched = [call for call in request.calls if call.name == "fetch"]
    lines = [line for call in fetched if call.ok for line in (call.result or "").splitlines()]
    if not lines and len(fetched) < 2:
        return reply(tool("fetch", source=source[1] if source else "unknown"))
    asked = re.search(r"\b\d{1,2}:\d\d\b", request.first_text.split("Question:")[-1])
    near = [
        line
        for line in lines
        if asked and (at := re.match(r"\d{1,2}:\d\d\b", line))
        # A steady figure is no event: only lines that say what happened, or stand out, count.
        if abs(minutes(at[0]) - minutes(asked[0])) <= NEAR and ":" in line[5:]
    ]
    return reply(text("; ".join(near) if near else f"{NOTHING} in {len(lines)} lines."))
