"""From an event to its fields, as props.conf, transforms.conf, eventtypes.conf and tags.conf say."""
