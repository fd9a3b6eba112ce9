"""Steps and their file: records, spans, chain, reader, writer, redaction."""
