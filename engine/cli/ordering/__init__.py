"""What `openbell order` is made of beside its acts."""
