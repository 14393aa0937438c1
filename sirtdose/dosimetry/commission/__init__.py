"""What a phantom says of a camera: factor, blur, recovery and dead time."""
