// @langchain/langgraph: its prebuilt agent, its checkpointer in memory for conversations; handoffs
// as its guide writes them, by tools that give a Command to the parent graph.
import { ToolMessage } from '@langchain/core/messages';
import { tool } from '@langchain/core/tools';
import { Command, MemorySaver, MessagesAnnotation, START, StateGraph, getCurrentTaskInput }
  from '@langchain/langgraph';
import { createReactAgent } from '@langchain/langgraph/prebuilt';
import { ChatOpenAI } from '@langchain/openai';
import { z } from 'zod';

export async function create(url, kind) {
  const model = (name) => new ChatOpenAI({
    model: name, apiKey: 'none', maxRetries: 0, streaming: kind === 'stream',
    configuration: { baseURL: url },
  });
  const weather = tool(async ({ city }) => `sunny, 22 C in ${city}`, {
    name: 'get_weather',
    description: 'Get the weather in a city.',
    schema: z.object({ city: z.string() }),
  });
  const single = (more = {}) => createReactAgent({
    llm: model('mock'), tools: kind === 'tool' ? [weather] : [],
    prompt: 'You are a helpful assistant.', ...more,
  });
  const agent = kind === 'chain' ? chain(model) : single();
  const input = (text) => ({ messages: [{ role: 'user', content: text }] });
  const last = (state) => state.messages.at(-1).content;
  const streamed = async (question) => {
    let text = '';
    for await (const [chunk] of await agent.stream(input(question), { streamMode: 'messages' }))
      text += chunk.content;
    return text;
  };
  const whole = async (question) => last(await agent.invoke(input(question)));
  let sessions = 0;
  const session = () => {
    const kept = single({ checkpointSaver: new MemorySaver() });
    const thread = { configurable: { thread_id: `session-${++sessions}` } };
    return async (text) => last(await kept.invoke(input(text), thread));
  };
  return { run: kind === 'stream' ? streamed : whole, session };
}

function chain(model) {
  const graph = new StateGraph(MessagesAnnotation);
  for (const letter of ['a', 'b', 'c', 'd']) {
    const next = { a: 'b', b: 'c', c: 'd' }[letter];
    const name = `transfer_to_agent_${next}`;
    const handoff = tool(async (_, config) => new Command({
      goto: `agent_${next}`,
      graph: Command.PARENT,
      update: {
        messages: getCurrentTaskInput(config).messages.concat(new ToolMessage({
          content: `Transferred to agent_${next}`, name, tool_call_id: config.toolCall.id,
        })),
      },
    }), { name, description: `Hand over to agent_${next}.`, schema: z.object({}) });
    const agent = createReactAgent({
      llm: model(`chain-${letter}`), tools: next ? [handoff] : [], name: `agent_${letter}`,
      prompt: `You are agent ${letter}.`,
    });
    graph.addNode(`agent_${letter}`, agent, next ? { ends: [`agent_${next}`] } : {});
  }
  return graph.addEdge(START, 'agent_a').compile();
}
