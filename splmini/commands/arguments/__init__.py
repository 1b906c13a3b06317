"""What commands share that read their arguments."""
