"""What commands share that aggregate: measures, groups, bins and partial results."""
