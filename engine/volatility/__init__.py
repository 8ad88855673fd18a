"""What a market does against extraordinary moves of prices: price bands, pauses, breakers, the short-sale restriction."""
