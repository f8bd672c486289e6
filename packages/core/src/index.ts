// core: to be filled
