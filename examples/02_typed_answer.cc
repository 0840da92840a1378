// An answer with a form: the model is asked for it, what comes back is checked, and an answer that
// does not fit goes back to the model with what is wrong.
#include <cstdio>

#include <cadre/cadre.h>

namespace {

struct Invoice {
  std::string customer;
  double total = 0;
  std::vector<std::string> items;
};
BOOST_DESCRIBE_STRUCT(Invoice, (), (customer, total, items))

}  // namespace

int main() {
  using cadre::testing::says;
  const auto model = std::make_shared<cadre::testing::ScriptedModel>(
      std::vector{says(R"({"customer": "Ada", "total": "a lot", "items": []})"),
                  says(R"({"customer": "Ada", "total": 12.5, "items": ["ink", "paper"]})")});
  cadre::Agent reader{.name = "reader", .instructions = "Read the invoice out of the text."};
  reader.output = cadre::typed<Invoice>("invoice");

  const auto team = cadre::make_team({reader}).value();
  const cadre::RunResult result =
      cadre::run(team, "Ada bought ink and paper for 12.50.", {.model = model});
  const auto invoice = result.as<Invoice>();
  if (!result.done() || !invoice) return 1;
  std::printf("%s owes %.2f for %zu items; the first answer was given back once\n",
              invoice->customer.c_str(), invoice->total, invoice->items.size());
  return result.model_calls == 2 && invoice->total == 12.5 ? 0 : 1;
}
