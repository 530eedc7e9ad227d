"""The ``aws`` engine: DynamoDB, SQS, EventBridge Scheduler, SES, S3, Secrets Manager."""
