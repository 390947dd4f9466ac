"""New job: one page on which data, service, panel, options and terms come together."""
