"""The example site: what a project needs around the chat, and nothing else."""
