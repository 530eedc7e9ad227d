"""The Lambda functions: a module each, on DynamoDB, SQS, EventBridge Scheduler, SES, S3 and Secrets Manager.

A function's handler imports its own module only, so that a cold start loads what that function needs and no more.
"""
