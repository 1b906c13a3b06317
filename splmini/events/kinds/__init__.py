"""The kinds of events, each a class in its own module: adding one is one module (`splmini.events.Events`)."""
