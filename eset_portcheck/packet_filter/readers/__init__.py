"""What the tools of a system list of its rules, translated for the evaluators. Text and JSON in, rules out; nothing is
run. Pure."""
