"""What a tape looks like elsewhere: importers and exporters, one module a format."""
