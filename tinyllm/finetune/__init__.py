"""Fine-tuning: a trained model, frozen, and the little that is learned beside it."""
