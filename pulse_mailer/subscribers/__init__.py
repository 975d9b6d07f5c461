"""Who gets a newsletter: joining, leaving, suppression, import and export, and the audience of an edition."""
