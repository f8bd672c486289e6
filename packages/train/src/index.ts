// train: to be filled
