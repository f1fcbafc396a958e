"""Do the tests find faults in what guards the records? Faults are planted one by one."""
