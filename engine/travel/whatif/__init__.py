"""What if: recorded flow replayed with one order added, removed or changed, beside the replay as it was."""
