// The vendors' own types of what their servers accept, made into JSON Schemas by the test.
import type {MessageCreateParams} from '@anthropic-ai/sdk/resources/messages';
import type {ChatCompletionCreateParams} from 'openai/resources/chat/completions';
import type {ChatRequest} from 'ollama';
import type {ResponseCreateParams} from 'openai/resources/responses/responses';
export type Messages = MessageCreateParams;
export type Chat = ChatCompletionCreateParams;
export type Responses = ResponseCreateParams;
export type Ollama = ChatRequest;
