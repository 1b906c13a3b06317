"""Why a search found what it found: rows of each stage, and the clause that refused an event."""
