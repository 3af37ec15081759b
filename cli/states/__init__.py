"""docs/states.md: how a delivery and a webhook go from state to state, drawn by asking the policy itself."""
