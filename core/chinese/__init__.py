"""How amounts and days are written in China, where no library's words fit (M21)."""
