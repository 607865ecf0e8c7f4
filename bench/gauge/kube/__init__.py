"""The operator in a Kubernetes of one node (tests/cluster). `node` is what happens outside of the
cluster's namespaces, everything else inside of them: `inside` is the program, and the order."""
