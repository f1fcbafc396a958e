"""The record scope, attacked: who may see and do what, by every way there is."""
