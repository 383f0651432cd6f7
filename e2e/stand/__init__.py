"""The stand: the servers that an emitted pipeline meets, on one machine."""
