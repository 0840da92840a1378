// The words that the model's enumerations have in JSON.
#include "spec/names.h"

namespace cadre::spec {

const char* to_string(Type value) { return word_of(kTypeNames, value); }
const char* to_string(SentenceStatus value) { return word_of(kSentenceStatusNames, value); }
const char* to_string(EntityKind value) { return word_of(kEntityKindNames, value); }
const char* to_string(OperationKind value) { return word_of(kOperationKindNames, value); }
const char* to_string(QueryKind value) { return word_of(kQueryKindNames, value); }
const char* to_string(OriginKind value) { return word_of(kOriginKindNames, value); }
const char* to_string(Verdict value) { return word_of(kVerdictNames, value); }
const char* to_string(OnDelete value) { return word_of(kOnDeleteNames, value); }
const char* to_string(Cardinality value) { return word_of(kCardinalityNames, value); }
const char* to_string(EffectKind value) { return word_of(kEffectKindNames, value); }

}  // namespace cadre::spec
