// Vercel's ai. It keeps no conversation: messages are carried by hand, as its guide says. It has
// no handoffs.
import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import { generateText, isStepCount, streamText, tool } from 'ai';
import { z } from 'zod';

export async function create(url, kind) {
  if (kind === 'chain') throw new Error('has no handoffs');
  const weather = tool({
    description: 'Get the weather in a city.',
    inputSchema: z.object({ city: z.string() }),
    execute: async ({ city }) => `sunny, 22 C in ${city}`,
  });
  const base = {
    model: createOpenAICompatible({ name: 'mock', apiKey: 'none', baseURL: url })('mock'),
    system: 'You are a helpful assistant.',
    maxRetries: 0,
    stopWhen: isStepCount(5),
    ...(kind === 'tool' ? { tools: { get_weather: weather } } : {}),
  };
  const streamed = async (prompt) => {
    let text = '';
    for await (const delta of streamText({ ...base, prompt }).textStream) text += delta;
    return text;
  };
  const whole = async (prompt) => (await generateText({ ...base, prompt })).text;
  const session = () => {
    const messages = [];
    return async (content) => {
      messages.push({ role: 'user', content });
      const { text } = await generateText({ ...base, messages });
      messages.push({ role: 'assistant', content: text });
      return text;
    };
  };
  return { run: kind === 'stream' ? streamed : whole, session };
}
