"""`fqtl.release.calibration` under the name that scripts may know it by."""

from fqtl.release.calibration import calibrate, null_share, q_values

__all__ = ["calibrate", "null_share", "q_values"]
