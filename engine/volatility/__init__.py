"""What a market does against extraordinary moves of prices: bands, pauses, breakers, the short-sale restriction."""
