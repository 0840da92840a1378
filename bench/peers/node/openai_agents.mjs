// @openai/agents over Chat Completions; its tracing is off (it would send to its vendor).
import { Agent, MemorySession, OpenAIChatCompletionsModel, Runner, setTracingDisabled, tool }
  from '@openai/agents';
import OpenAI from 'openai';
import { z } from 'zod';

export async function create(url, kind) {
  setTracingDisabled(true);
  const client = new OpenAI({ apiKey: 'none', baseURL: url, maxRetries: 0 });
  const model = (name) => new OpenAIChatCompletionsModel(client, name);
  const runner = new Runner({ tracingDisabled: true });
  const weather = tool({
    name: 'get_weather',
    description: 'Get the weather in a city.',
    parameters: z.object({ city: z.string() }),
    execute: async ({ city }) => `sunny, 22 C in ${city}`,
  });
  let agent = new Agent({
    name: 'assistant',
    instructions: 'You are a helpful assistant.',
    model: model('mock'),
    tools: kind === 'tool' ? [weather] : [],
  });
  if (kind === 'chain') {
    agent = undefined;
    for (const letter of ['d', 'c', 'b', 'a']) {
      agent = new Agent({
        name: `agent_${letter}`,
        instructions: `You are agent ${letter}.`,
        model: model(`chain-${letter}`),
        handoffs: agent ? [agent] : [],
      });
    }
  }
  const streamed = async (question) => {
    const result = await runner.run(agent, question, { stream: true });
    let text = '';
    for await (const event of result) {
      if (event.type === 'raw_model_stream_event' && event.data.type === 'output_text_delta')
        text += event.data.delta;
    }
    return text;
  };
  const whole = async (question) => (await runner.run(agent, question)).finalOutput;
  const session = () => {
    const kept = new MemorySession();
    return async (text) => (await runner.run(agent, text, { session: kept })).finalOutput;
  };
  return { run: kind === 'stream' ? streamed : whole, session };
}
