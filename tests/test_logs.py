"""When something was logged: the tape's, where the user's formatters and handlers tell it."""

from __future__ import annotations

from cli_runs import Bench, draws

AGENT = """
    import io, json, logging, sys
    from talk import say

    class Rows(logging.Handler):
        def emit(self, record):
            rows.append(f"{record.created} {record.msecs} {record.getMessage()}")

    class Lines(logging.Formatter):
        def format(self, record):
            return json.dumps([self.formatTime(record), record.relativeCreated])

    rows = []
    for handler in (Rows(), logging.StreamHandler(sys.stdout), logging.FileHandler("agent.log")):
        handler.setFormatter(Lines())
        logging.getLogger("agent").addHandler(handler)
    logging.basicConfig(format="%(asctime)s %(message)s", level="INFO")
    say("hello")
    logging.info("to stderr")
    logging.getLogger("agent").warning("one")
    say(str(rows))
    record = logging.makeLogRecord({"created": 5.5})
    print(record.created, sorted(vars(record))[:3], hasattr(record, "asctime"))
"""


def test_what_the_users_handlers_tell_is_fed_back(bench: Bench) -> None:
    tape = bench.record(AGENT)
    assert [name for name, _ in draws(tape)].count("logging.LogRecord") == 1
    done = bench.replay()
    assert done.code == 0, done
    assert "not proven" not in done.err
    assert "5.5 ['args', 'created', 'exc_info'] False" in done.out


def test_what_goes_to_stderr_and_files_is_no_step(bench: Bench) -> None:
    tape = bench.record("""
        import logging
        from talk import say
        logging.basicConfig(format="%(asctime)s %(relativeCreated)d %(message)s", level="DEBUG")
        logging.getLogger().addHandler(logging.FileHandler("agent.log"))
        logging.warning("one")
        say("hello")
        """)
    assert draws(tape) == []
    assert bench.replay().code == 0
