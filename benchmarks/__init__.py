"""How fast the built function answers, next to the least that boto3 allows and to a plain crhelper handler."""
