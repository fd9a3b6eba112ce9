"""The widgets of the debugger."""
