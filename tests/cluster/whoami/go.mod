module otemon.test/cluster/whoami

go 1.26.0
