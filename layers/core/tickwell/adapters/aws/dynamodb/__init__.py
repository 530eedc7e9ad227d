"""One DynamoDB table for everything that is stored; ``keys`` opens with its map."""
