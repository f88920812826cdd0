"""Log lines, and the one redactor that they and the trail pass through."""
