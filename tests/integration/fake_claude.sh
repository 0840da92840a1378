#!/bin/sh
# Plays `claude -p --output-format stream-json` for the SOP research: one result a call, by what the
# prompt asks to deliver.
prompt=$(cat)
say() {
  printf '{"type":"system","subtype":"init","session_id":"s"}\n'
  printf '{"type":"result","subtype":"success","is_error":false,"result":"","structured_output":'
  printf '{"calls":[{"tool":"deliver_%s","arguments":{"data":%s}}]},"total_cost_usd":0.01,' "$1" "$2"
  printf '"usage":{"input_tokens":10,"output_tokens":5},"session_id":"s"}\n'
}
policy='{"source":"D2","quote":"is refunded in full within"}'
order='{"source":"D1","quote":"Lamp, broken on arrival"}'
section='{"title":"s","findings":[{"claim":"c","quotes":['"$policy"']}]}'
case "$prompt" in
  *"Deliver: plan."*)
    say plan '{"question":"q","questions":[{"id":"Q1","text":"t"}],"sections":["s"]}' ;;
  *'"item":{"id":"D1"'*)
    say notes '{"document":"D1","notes":[{"claim":"c","quotes":['"$order"']}]}' ;;
  *'"item":{"id":"D2"'*)
    say notes '{"document":"D2","notes":[{"claim":"c","quotes":['"$policy"']}]}' ;;
  *"Deliver: report."*)
    say report '{"title":"t","answer":"a","sections":['"$section"']}' ;;
  *"Deliver: review."*) say review '{"verdict":"v","findings":[]}' ;;
  *) echo "what? $prompt" >&2; exit 1 ;;
esac
