// serve: to be filled
