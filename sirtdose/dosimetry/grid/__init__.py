"""Images brought onto one grid."""
