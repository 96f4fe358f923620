"""The pages, one by one, and what they share: the layout, the icons and the words for states."""
