// tokenizer: to be filled
