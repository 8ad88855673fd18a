"""What `openbell run`, `top` and `watch` draw: functions of what was asked of the market, without any asking."""
