// Sentences that tiny tokenizers learn from and tests read.

export const sentences = [
  'Marie Curie was born in Warsaw and worked in Paris.',
  'The ship reached Lisbon after nine days at sea.',
  'Water boils at a lower temperature in the mountains!',
  'Who wrote the letter that Ada sent to London?',
  '北京是中国的首都。',
];
