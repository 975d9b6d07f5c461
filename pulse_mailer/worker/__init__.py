"""What there is to do without anybody asking: editions that are being sent go on."""
